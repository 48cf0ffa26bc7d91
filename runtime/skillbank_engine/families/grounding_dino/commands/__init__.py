"""The program's commands, one module each; imported only when asked for."""
