"""What a word means in a clinical study: each concept is defined once here and asked by everything above."""
