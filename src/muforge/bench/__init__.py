"""What generating costs on the user's machine, everything measured side by side in one run."""
