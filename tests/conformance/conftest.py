"""Only `test_kit.py` has tests; the others are programs that it runs, on a path of their own."""

collect_ignore_glob = ["[!t]*.py", "*/*.py"]
