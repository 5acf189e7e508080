"""What people send: fields, files, and each large form read into what services take. They know no page."""
