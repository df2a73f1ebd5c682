"""What makes generated content known as such: metadata for machines, labels for people.

`aigc` is the label in metadata that GB 45438-2025 calls implicit.
"""
