"""Present, absent or not assessable: between lesions, and between tissue and blood."""
