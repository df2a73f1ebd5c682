"""countermark inside the programs that make pictures, sounds and texts: a module for each host.

None of them, and no host, is imported before it is used.
"""
