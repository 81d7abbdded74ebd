"""The network inside the beat tracker: data set, training, judging, export."""
