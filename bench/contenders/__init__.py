"""What a user would pick instead of Tierline, each doing the light job as its own documentation teaches.

They run in an environment of their own (`bench/requirements.lock`), so nothing here imports the product.
"""
