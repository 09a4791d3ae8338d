"""`prove`: small trainings of data and adapters side by side, on real, synthetic and damaged shards."""
