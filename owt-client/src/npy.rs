//! Writes and reads arrays of the crate ndarray as npy, NumPy's own format (NEP 1).

use std::fmt::Write as _;

use ndarray::{ArrayBase, ArrayD, Data, Dimension, ShapeBuilder};
use reqwest::header::CONTENT_TYPE;

use crate::error::Error;
use crate::reply::Reply;
use crate::request::CallRequest;

/// The media type of npy.
const NPY: &str = "application/x-npy";

const MAGIC: &[u8] = b"\x93NUMPY";

/// Where the values begin is a multiple of this.
const ALIGNMENT: usize = 64;

/// A number that NumPy has the same type for: `f32`, `f64`, `bool`, integers of 8 to 64 bits.
pub trait Element: Copy {
    /// NumPy's name of the type, without its byte order: `f8`.
    const KIND: &'static str;

    /// Its bytes, the least significant first.
    fn write(self, out: &mut Vec<u8>);

    /// Reads one of as many bytes as it has.
    fn read(little_endian: &[u8]) -> Option<Self>;
}

macro_rules! elements {
    ($($kind:literal $name:ty),*) => {$(
        impl Element for $name {
            const KIND: &'static str = $kind;

            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(little_endian: &[u8]) -> Option<Self> {
                little_endian.try_into().ok().map(Self::from_le_bytes)
            }
        }
    )*};
}

elements!("f4" f32, "f8" f64, "i1" i8, "i2" i16, "i4" i32, "i8" i64, "u1" u8, "u2" u16, "u4" u32, "u8" u64);

impl Element for bool {
    const KIND: &'static str = "b1";

    fn write(self, out: &mut Vec<u8>) {
        out.push(self.into());
    }

    fn read(little_endian: &[u8]) -> Option<Self> {
        little_endian.first().map(|&byte| byte != 0)
    }
}

impl CallRequest {
    /// An array as the body: what the first parameter with the hint `numpy.ndarray` takes.
    pub fn array_data<A, S, D>(self, array: &ArrayBase<S, D>) -> Self
    where
        A: Element,
        S: Data<Elem = A>,
        D: Dimension,
    {
        self.data(to_npy(array)).header(CONTENT_TYPE, NPY)
    }

    /// The answer as an array, in the type that the library gave it; npy is asked for.
    ///
    /// # Errors
    /// As [`send`](Self::send), an adaptor's answer of 400 or more, and an array of another type.
    pub async fn array<A: Element>(self) -> Result<ArrayD<A>, Error> {
        self.asking(NPY).send().await?.success().await?.array().await
    }
}

impl Reply {
    /// The whole body, read as npy.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and a body that is no npy of such an array.
    pub async fn array<A: Element>(self) -> Result<ArrayD<A>, Error> {
        from_npy(&self.bytes().await?)
    }
}

/// The array as npy. As an argument it is `PyBytes(to_npy(&array))`, for a function by its name whose
/// parameter has the hint `numpy.ndarray`.
pub fn to_npy<A, S, D>(array: &ArrayBase<S, D>) -> Vec<u8>
where
    A: Element,
    S: Data<Elem = A>,
    D: Dimension,
{
    let order = if size_of::<A>() == 1 { '|' } else { '<' };
    let mut header = format!("{{'descr': '{order}{}', 'fortran_order': False, 'shape': (", A::KIND);
    for side in array.shape() {
        // A tuple of one has its comma too.
        let _ = write!(header, "{side},");
    }
    header.push_str("), }");
    // Magic, version and length are ten bytes, the line end one. No array has as many dimensions as
    // would not fit in two bytes.
    let long = (header.len() + 11).next_multiple_of(ALIGNMENT) - 10;
    let mut out = Vec::with_capacity(10 + long + array.len() * size_of::<A>());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[1, 0]);
    out.extend_from_slice(&u16::try_from(long).unwrap_or(u16::MAX).to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out.resize(10 + long - 1, b' ');
    out.push(b'\n');
    for &value in array {
        value.write(&mut out);
    }
    out
}

/// Reads an array from npy.
///
/// # Errors
/// It is no npy, is cut short, or has values of another type.
pub fn from_npy<A: Element>(npy: &[u8]) -> Result<ArrayD<A>, Error> {
    let no_npy = || Error::unreadable("the answer is no npy: is it an array of numbers?", None);
    let (header, values) = split(npy).ok_or_else(no_npy)?;
    let kind = entry(header, "'descr'").and_then(quoted).ok_or_else(no_npy)?;
    let (order, name) = kind.split_at_checked(1).ok_or_else(no_npy)?;
    if name != A::KIND {
        let what = format!("the array is of NumPy's {kind}, and {} was asked for", A::KIND);
        return Err(Error::unreadable(what, None));
    }
    let is_fortran = entry(header, "'fortran_order'").ok_or_else(no_npy)?.starts_with("True");
    let shape = entry(header, "'shape'").and_then(sides).ok_or_else(no_npy)?;
    let count = shape.iter().try_fold(1_usize, |all, &side| all.checked_mul(side));
    let long = count.and_then(|count| count.checked_mul(size_of::<A>()));
    if long != Some(values.len()) {
        return Err(Error::unreadable("the array has not as many bytes as its shape says", None));
    }
    let read = |bytes: &[u8]| match order {
        ">" => A::read(&bytes.iter().rev().copied().collect::<Vec<_>>()),
        _ => A::read(bytes),
    };
    let values: Option<Vec<A>> = values.chunks_exact(size_of::<A>()).map(read).collect();
    ArrayD::from_shape_vec(shape.set_f(is_fortran), values.ok_or_else(no_npy)?)
        .map_err(|error| Error::unreadable("the array's shape cannot be", Some(error.into())))
}

/// The header, and what stands behind it.
fn split(npy: &[u8]) -> Option<(&str, &[u8])> {
    let rest = npy.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_first_chunk::<2>()?;
    let (long, rest) = match version {
        [1, _] => {
            let (long, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_le_bytes(*long)), rest)
        }
        _ => {
            let (long, rest) = rest.split_first_chunk::<4>()?;
            (usize::try_from(u32::from_le_bytes(*long)).ok()?, rest)
        }
    };
    let (header, values) = rest.split_at_checked(long)?;
    Some((std::str::from_utf8(header).ok()?, values))
}

/// What stands behind the colon after this name.
fn entry<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(name)?;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

fn quoted(text: &str) -> Option<&str> {
    Some(text.strip_prefix('\'')?.split_once('\'')?.0)
}

fn sides(text: &str) -> Option<Vec<usize>> {
    let inside = text.strip_prefix('(')?.split_once(')')?.0;
    let sides = inside.split(',').map(str::trim).filter(|side| !side.is_empty());
    sides.map(|side| side.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{arr0, array};

    use super::*;

    #[test]
    fn arrays_come_back_as_they_were() {
        let given = array![[1.5, f64::NEG_INFINITY], [0.0, -2.0], [3.0, 4.0]];
        let npy = to_npy(&given);
        assert_eq!(npy.len() % 8, 0);
        assert_eq!(from_npy::<f64>(&npy).unwrap(), given.clone().into_dyn());
        assert_eq!(from_npy::<f64>(&to_npy(&given.t())).unwrap(), given.t().into_dyn());
        assert_eq!(from_npy::<bool>(&to_npy(&arr0(true))).unwrap(), arr0(true).into_dyn());
        assert_eq!(from_npy::<u16>(&to_npy(&array![1_u16, 2])).unwrap().shape(), [2]);
    }

    #[test]
    fn what_is_no_such_array_is_said() {
        let npy = to_npy(&array![1_i32, 2]);
        let error = from_npy::<f64>(&npy).unwrap_err().to_string();
        assert!(error.contains("<i4") && error.contains("f8"), "{error}");
        for cut in 0..npy.len() {
            assert!(from_npy::<i32>(npy.get(..cut).unwrap()).is_err(), "{cut}");
        }
    }

    #[test]
    fn both_orders_of_bytes_and_of_axes_are_read() {
        let header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2), }\n";
        let mut npy = b"\x93NUMPY\x01\x00".to_vec();
        npy.extend_from_slice(&u16::try_from(header.len()).unwrap().to_le_bytes());
        npy.extend_from_slice(header.as_bytes());
        npy.extend_from_slice(&[0, 1, 0, 2, 0, 3, 1, 0]);
        assert_eq!(from_npy::<i16>(&npy).unwrap(), array![[1, 3], [2, 256]].into_dyn());
    }
}
