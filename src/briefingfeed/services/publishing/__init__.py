"""Posts become feeds and pages: build, check, and what guards readers against mistakes."""
