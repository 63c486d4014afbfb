"""Photos of a data set as a network sees them, in a grid a person looks at."""
