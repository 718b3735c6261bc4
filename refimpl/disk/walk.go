package disk

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
)

// The layout of a bbolt file, version 2: pages with a header and elements, the first two of
// which are meta pages; numbers in the byte order of the machine.
const (
	pageHeader    = 16 // id (8), flags (2), count (2), overflow (4)
	elementHeader = 16
	bucketHeader  = 16 // root (8), sequence (8)

	branchPage    = 0x01
	leafPage      = 0x02
	bucketElement = 0x01

	metaMagic, metaVersion = 0xED0CDAED, 2
	metaSummed             = 56 // bytes of a meta before its checksum
	noFreelist             = ^uint64(0)
)

// meta is what a meta page says.
type meta struct{ pageSize, root, freelist, pages, transaction uint64 }

// readMeta returns the newer of the two meta pages. Both must be whole: a meta fits into one
// sector of a disk, and a sector is written whole, so that a broken one is no commit that a
// crash cut short. bbolt would silently go back to the older, and lose what was acknowledged.
func readMeta(data []byte) (meta, error) {
	if !hasMagic(data) {
		return meta{}, ErrForeign
	}
	if len(data) < pageHeader+metaSummed+8 {
		return meta{}, damaged("the file is %d bytes long", len(data))
	}
	size := uint64(binary.NativeEndian.Uint32(data[pageHeader+8:]))
	if size < 1<<9 || size > 1<<20 || size*2 > uint64(len(data)) {
		return meta{}, damaged("the pages are %d bytes long, the file %d", size, len(data))
	}
	var newest meta
	for i := range uint64(2) {
		m := data[i*size+pageHeader:][:metaSummed+8]
		h := fnv.New64a()
		_, _ = h.Write(m[:metaSummed])
		if binary.NativeEndian.Uint32(m) != metaMagic || binary.NativeEndian.Uint32(m[4:]) != metaVersion || h.Sum64() != word(m, metaSummed) {
			return meta{}, damaged("meta page %d is not as it was written", i)
		}
		if t := word(m, 48); i == 0 || t > newest.transaction {
			newest = meta{pageSize: size, root: word(m, 16), freelist: word(m, 32), pages: word(m, 40), transaction: t}
		}
	}
	if newest.freelist != noFreelist {
		return meta{}, ErrForeign // ours have none, so that it cannot be wrong
	}
	if newest.pages > uint64(len(data))/size {
		return meta{}, damaged("it has %d bytes of %d pages of %d", len(data), newest.pages, size)
	}
	return newest, nil
}

// hasMagic reports whether one of the meta pages says that the file is a bbolt file.
func hasMagic(data []byte) bool {
	for at := 0; at <= 1<<16; at = max(at*2, 1<<9) {
		if m := at + pageHeader; m+4 <= len(data) && binary.NativeEndian.Uint32(data[m:]) == metaMagic {
			return true
		}
	}
	return false
}

func word(b []byte, at int) uint64 { return binary.NativeEndian.Uint64(b[at:]) }

// A walk looks at every page that bbolt can come to.
type walk struct {
	data  []byte
	meta  meta
	seen  map[uint64]bool // pages
	state state
	out   contents
}

// An element is one entry of a leaf page.
type element struct {
	flags      uint32
	key, value []byte
}

// tree visits the elements below a page in order. Their keys are at least least and, unless it
// is nil, below most.
func (w *walk) tree(id uint64, least, most []byte, visit func(element) error) error {
	if id < 2 || id >= w.meta.pages {
		return damaged("there is no page %d", id)
	}
	start := id * w.meta.pageSize
	overflow := uint64(binary.NativeEndian.Uint32(w.data[start+12:]))
	if word(w.data, int(start)) != id || id+overflow >= w.meta.pages {
		return damaged("page %d is another one", id)
	}
	for p := id; p <= id+overflow; p++ {
		if w.seen[p] {
			return damaged("page %d is part of two", p)
		}
		w.seen[p] = true
	}
	return w.page(w.data[start:(id+overflow+1)*w.meta.pageSize], least, most, visit)
}

// page visits what is on a page and below it.
func (w *walk) page(page, least, most []byte, visit func(element) error) error {
	if len(page) < pageHeader {
		return damaged("a page ends in its header")
	}
	flags, count := binary.NativeEndian.Uint16(page[8:]), int(binary.NativeEndian.Uint16(page[10:]))
	body := page[pageHeader:]
	if flags != branchPage && flags != leafPage || count*elementHeader > len(body) || flags == branchPage && count == 0 {
		return damaged("a page is none of a tree")
	}
	keys, values := make([][]byte, count), make([][]byte, count)
	for i := range count {
		var ok bool
		if keys[i], values[i], ok = entry(body, i, flags); !ok {
			return damaged("an element lies outside its page")
		}
		if bytes.Compare(keys[i], least) < 0 || most != nil && bytes.Compare(keys[i], most) >= 0 || i > 0 && bytes.Compare(keys[i-1], keys[i]) >= 0 {
			return damaged("the keys are not in order")
		}
	}
	for i := range count {
		header := body[i*elementHeader:]
		if flags == leafPage {
			if err := visit(element{binary.NativeEndian.Uint32(header), keys[i], values[i]}); err != nil {
				return err
			}
			continue
		}
		next := most
		if i+1 < count {
			next = keys[i+1]
		}
		if err := w.tree(word(header, 8), keys[i], next, visit); err != nil {
			return err
		}
	}
	return nil
}

// entry finds key and value of an element; a branch has no values.
func entry(body []byte, i int, flags uint16) (key, value []byte, ok bool) {
	header := body[i*elementHeader:]
	number := func(at int) uint64 { return uint64(binary.NativeEndian.Uint32(header[at:])) }
	position, keySize, valueSize := number(0), number(4), uint64(0)
	if flags == leafPage {
		position, keySize, valueSize = number(4), number(8), number(12)
	}
	if position+keySize+valueSize > uint64(len(header)) {
		return nil, nil, false
	}
	return header[position : position+keySize], header[position+keySize:][:valueSize], true
}
