"""The labels that the law names, one folder a kind."""
