"""Labels in movies."""
