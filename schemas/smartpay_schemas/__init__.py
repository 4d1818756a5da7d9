"""The shape of the Smartpay API as data. Imports no other room."""
