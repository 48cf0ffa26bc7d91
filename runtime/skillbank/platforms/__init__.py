"""Where jobs run: four verbs, one module or package per platform."""
