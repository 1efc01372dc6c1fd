"""The recoding property: a chart rewritten in a way that means the same is judged the same.

``places`` walks a request; ``codes``, ``numbers``, ``records``, ``people`` and ``medicines`` rewrite it; ``run`` compares;
``ageing`` and ``unreading`` are the two properties beside it: what is too old, or cannot be read, never decides.
"""
