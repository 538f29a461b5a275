// Package api is an SDK for the directory of NAVER WORKS (LINE WORKS) API 2.0:
// members, org units, levels, positions, user types and groups.
//
// It signs in as a service account, keeps the service's limits (one lane an
// operation, one writer at a time), repeats what may be repeated, and gives
// classified errors (diag.Failure). It can be used alone:
//
//	client, err := api.New(api.Options{Credentials: credentials})
//	for user, err := range client.Users(ctx, api.ListOptions{DomainID: 10000001}) { … }
//
// Every method is one operation of the table in package op; facts about them are
// in reference/api. IDs may be resource IDs or ExternalKey forms where the
// reference says so. All methods of a Client are safe for concurrent use.
//
// No secret (client secret, private key, token, password) is in any error, trace
// event or printed value of this package.
package api
