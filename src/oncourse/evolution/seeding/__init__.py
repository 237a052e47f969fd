"""How lesions were seeded and when they parted: histories over the trees, migration, divergence."""
