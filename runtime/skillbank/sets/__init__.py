"""Label sets: classes, pictures and boxes under review, kept in the store with a log of every decision."""
