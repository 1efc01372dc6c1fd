"""The recoding property: a chart rewritten in a way that means the same is judged the same.

``places`` walks a request; ``codes``, ``numbers``, ``records``, ``people``, ``medicines``, ``shapes``, ``searches`` and
``releases`` rewrite it; ``run`` compares. Beside it stand ``ageing``, ``unreading`` and ``strangers``: what is too old, cannot be
read, or is another patient's never decides.
"""
