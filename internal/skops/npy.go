package skops

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Array is a numpy array: its type and shape, and how to write its elements.
type Array struct {
	// Descr is numpy's description of the elements as it stands in a header: '<f8' with its quotes, or the list of a record's
	// fields.
	Descr string
	// Shape is empty for a single element.
	Shape []int
	// Append appends the elements' bytes, in C's order.
	Append func([]byte) []byte
}

// Descriptions of elements.
const (
	int32Descr   = "'<i4'"
	int64Descr   = "'<i8'"
	float64Descr = "'<f8'"
)

const (
	npyMagic = "\x93NUMPY\x01\x00"
	npyAlign = 64
	// npyGrowth is the room for digits that numpy leaves in a header, so that the first dimension can grow in place.
	npyGrowth = 21
)

// appendNPY appends the array as a file of numpy's format 1.0, with the bytes that numpy.save gives.
func (a *Array) appendNPY(b []byte) []byte {
	var dims strings.Builder
	for _, d := range a.Shape {
		fmt.Fprintf(&dims, "%d, ", d)
	}
	shape := strings.TrimSuffix(dims.String(), " ")
	if len(a.Shape) > 1 {
		shape = strings.TrimSuffix(shape, ",")
	}
	header := "{'descr': " + a.Descr + ", 'fortran_order': False, 'shape': (" + shape + "), }"
	if len(a.Shape) > 0 {
		header += strings.Repeat(" ", npyGrowth-len(strconv.Itoa(a.Shape[0])))
	}
	start := len(npyMagic) + 2
	header += strings.Repeat(" ", npyAlign-1-(start+len(header))%npyAlign) + "\n"
	b = append(b, npyMagic...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	return a.Append(append(b, header...))
}

// float64s is an array of one dimension, or of the shape given.
func float64s(values []float64, shape ...int) *Array {
	if shape == nil {
		shape = []int{len(values)}
	}
	return &Array{Descr: float64Descr, Shape: shape, Append: func(b []byte) []byte {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		return b
	}}
}

func int64s(values ...int64) *Array {
	return &Array{Descr: int64Descr, Shape: []int{len(values)}, Append: func(b []byte) []byte {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
		return b
	}}
}

func int32s(values []int32) *Array {
	return &Array{Descr: int32Descr, Shape: []int{len(values)}, Append: func(b []byte) []byte {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
		return b
	}}
}

// single makes an array of one element one of no dimensions.
func single(a *Array) *Array {
	a.Shape = nil
	return a
}
