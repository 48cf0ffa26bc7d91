"""RT-DETR: a detector of fixed classes for real time, on the layers of transformers' RT-DETR v2."""
