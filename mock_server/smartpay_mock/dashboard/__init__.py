"""The dashboard, below ``/__admin/ui``: pages that show and change an account.

Every page is a ``Page`` of facts, tables, forms and texts, shown by one template. Forms
call operations of the API and routes of the control plane, as other clients do.
"""
