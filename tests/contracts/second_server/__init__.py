"""A second Smartpay server, for judging the contract kit rather than the API.

It does what the published pages and the vendor's SDK suites say, and differs from
the emulator wherever they are silent: ids, messages, extra members, member order,
paging, and the choice taken at every open question. A kit that passes here relies on
nothing but the contract. Standard library only; imports no package of this project.

Start it with ``python tests/contracts/second_server --port 0 --port-file FILE``.
"""
