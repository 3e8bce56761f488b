// Package proof shows that tenants are isolated from each other, by running it: on a database, with the product's own
// doors, tables and statements. Tests and `txng bench isolation` run the same code.
//
//   - Attack tries every kind of statement on every tenant table of the catalog, in every wrong scope, as every role, with
//     rows that nothing but the tenant stands against. What a constraint stops has got past the protection. Cells that
//     could not notice that a protection is missing are counted.
//   - Notice takes each protection away, table by table, and counts the cells of the attack that then notice.
//   - Model sends random operations of many tenants through a pool that is smaller than its users, with cancellations,
//     errors, panics and killed connections, and compares everything with what a model in memory says.
//   - Mutate plants faults, in the catalog and in the statements on their way to the server, and counts those that the
//     checks above find. A check that finds nothing is worth as much as what it finds when there is something.
//   - Replay runs the statements that the product was seen to use with the plans that were cached for the smallest
//     tenant, as the largest, and counts the pages they touch.
//   - Cost measures what row security and the scope cost, against the same statements without them, in one run.
//   - Fairness measures what a greedy tenant costs its neighbour.
//
// A database that these run on is theirs: Attack and Replay put rows into it, Mutate changes its schema (and takes it
// back). Nothing here is reachable from a request.
package proof
