package main

import "txng/tenant/proof"

// faultsOf are all faults that the bench plants.
func faultsOf(w recorded) []proof.Mutation {
	list := proof.CatalogMutations()
	list = append(list, proof.DoorMutations()...)
	return append(list, proof.RightMutations()...)
}
