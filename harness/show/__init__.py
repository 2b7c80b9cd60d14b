"""What people see: tables, pages, figures, the terminal."""
