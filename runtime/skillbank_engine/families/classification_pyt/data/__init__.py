"""Pictures by class: reading folders of them, varying them, cutting them out of annotated pictures."""
