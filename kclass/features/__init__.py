"""Photos embedded once by a frozen network, and the cache that remembers them."""
