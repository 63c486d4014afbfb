"""The trained thing: predict, evaluate, explain, save and load."""
