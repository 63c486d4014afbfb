"""Does a model look at the subject, or take a shortcut? The audit of a trained model."""
