// Package contract holds whoever answers at an address against the contract with
// Elasticsearch: the rows of docs/contract.md, each shown by a test that speaks HTTP
// and knows nothing of who answers.
//
// Without settings it starts our stand-in. With -es or CONTRACT_ES it runs the rows
// of kind wire against that address; see deploy/contract for a real Elasticsearch.
package contract
