"""Labels that the law asks for: those that people see or hear, and those that machines read."""
