// Reads an exported log with the packages that Go itself uses for its checksum database.
//
// Usage: oracle FOLDER VERIFIER PROOFS, the last being a JSON file with proofs to check. Built with
// the tag http, it takes the address of a served log in place of the folder.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"oracle/note"
	"oracle/tlog"
)

type proofs struct {
	Inclusion []struct {
		Index int64
		Size  int64
		Root  []byte
		Proof [][]byte
	}
	Consistency []struct {
		Old     int64
		OldRoot []byte
		Size    int64
		Root    []byte
		Proof   [][]byte
	}
}

// read gives a file of the log; another file of this program may read it from elsewhere.
var read = func(folder, name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(folder, name))
}

type folder string

func (f folder) Height() int { return 8 }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var contents [][]byte
	for _, tile := range tiles {
		// Go's own database has the height in the path, C2SP has not.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := read(string(f), path)
		if err != nil {
			return nil, err
		}
		contents = append(contents, content)
	}
	return contents, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func hash(content []byte) (result tlog.Hash) {
	copy(result[:], content)
	return result
}

func hashes(contents [][]byte) (result []tlog.Hash) {
	for _, content := range contents {
		result = append(result, hash(content))
	}
	return result
}

// leaf reads a leaf out of the bundle beside its tile.
func leaf(dir string, index, size int64) []byte {
	tile := tlog.Tile{H: 8, L: 0, N: index / 256, W: int(min(256, size-index/256*256))}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	content, err := read(dir, path)
	fail(err)
	for range index % 256 {
		content = content[2+binary.BigEndian.Uint16(content):]
	}
	return content[2 : 2+binary.BigEndian.Uint16(content)]
}

func main() {
	dir := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	fail(err)
	signed, err := read(dir, "checkpoint")
	fail(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	fail(err)
	var tree tlog.Tree
	var origin, encoded string
	_, err = fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &origin, &tree.N, &encoded)
	fail(err)
	tree.Hash, err = tlog.ParseHash(encoded)
	fail(err)

	reader := tlog.TileHashReader(tree, folder(dir))
	for index := range tree.N {
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		fail(err)
		fail(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(leaf(dir, index, tree.N))))
	}

	content, err := os.ReadFile(os.Args[3])
	fail(err)
	var given proofs
	fail(json.Unmarshal(content, &given))
	for _, p := range given.Inclusion {
		found := tlog.RecordHash(leaf(dir, p.Index, tree.N))
		fail(tlog.CheckRecord(hashes(p.Proof), p.Size, hash(p.Root), p.Index, found))
	}
	for _, p := range given.Consistency {
		fail(tlog.CheckTree(hashes(p.Proof), p.Size, hash(p.Root), p.Old, hash(p.OldRoot)))
	}
	fmt.Println(tree.N, len(given.Inclusion), len(given.Consistency))
}
