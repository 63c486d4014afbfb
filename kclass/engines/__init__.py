"""How a frozen network is run: OpenVINO on a CPU, TensorFlow on a GPU."""
