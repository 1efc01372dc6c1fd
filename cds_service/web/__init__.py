"""The pages for people.

They are the library, a policy, the playground, a decision and the operations page. All are rendered on the server and
load nothing from other sites.
"""
