"""What is kept between calls: the decision log, feedback on cards, and tokens that were used. No clinical values by default."""
