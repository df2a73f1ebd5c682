"""What makes generated content known as such: metadata for machines, labels for people.

`aigc` is the label in metadata that GB 45438-2025 calls implicit; `visible` and its neighbours put
labels into what is seen, heard and read; `profiles` says what each jurisdiction asks for.
"""
