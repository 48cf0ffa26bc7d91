"""The actions that the frame carries out for every family, a module each."""
