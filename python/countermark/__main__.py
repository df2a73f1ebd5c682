"""`python -m countermark` does what `countermark` does."""

from countermark.cli import main

if __name__ == "__main__":
    main()
