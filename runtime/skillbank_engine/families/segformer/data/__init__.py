"""Pictures with masks: finding, reading, checking, varying and drawing them."""
