"""Networks without a head: the registry, their weights and their flat Keras archives."""
