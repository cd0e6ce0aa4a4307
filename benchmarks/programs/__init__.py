"""What the contenders run, each as a program by itself."""
