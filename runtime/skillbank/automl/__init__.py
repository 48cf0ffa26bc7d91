"""AutoML: searching hyperparameters, with ordinary jobs as trials."""
