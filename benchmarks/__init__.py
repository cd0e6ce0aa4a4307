"""How fast this tap is, and how fast its peers are."""
