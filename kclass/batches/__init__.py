"""tf.data pipelines: training batches and evaluation batches."""
