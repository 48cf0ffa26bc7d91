"""Jobs of a Kubernetes cluster, through the official client."""
