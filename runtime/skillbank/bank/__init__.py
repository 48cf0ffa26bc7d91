"""Reading skills: what a folder says, checked and made uniform."""
