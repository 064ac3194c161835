// Package ecs holds the specs of the ECS operations.
//
// importkeypair.go assembles those of ImportKeyPair from one file per subject:
// the request, the name, the key, the resource group and the tags, the quota,
// and the answer with its errors.
package ecs
