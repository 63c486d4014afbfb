"""Where did the network look? Grad-CAM and its overlays."""
