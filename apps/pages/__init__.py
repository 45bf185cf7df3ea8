"""A page a vertical: ``build(solution, words)`` draws it into the current Gradio page. No model code in here."""
