"""What makes generated content known as such: metadata for machines, labels for people.

`aigc` is the label in metadata that GB 45438-2025 calls implicit, `iptc` what pictures state beside
it for readers elsewhere, and `xmp` where pictures hold both; `visible`, `audible` and `moving` put
labels into what is seen and heard, `documents` into what is read, `scenes` into what engines draw;
`profiles` says what each jurisdiction asks for.
"""
