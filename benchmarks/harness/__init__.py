"""What runs the contenders, measures them, and tells of it."""
