//! Arrays go and come as npy.

use ndarray::{Array1, Array2, array};
use owt_client::{POST, PyBytes, to_npy};
use owt_testing::{Owt, Start};

use crate::client;

#[tokio::test]
async fn an_array_is_an_argument_and_a_result() {
    let server = Owt::start();
    let client = client(&server);
    let code = "import numpy\ndef run(a: numpy.ndarray): return a.T * 2";
    let given = array![[1.0, 2.0], [3.0, f64::NAN], [0.5, -0.0]];
    let doubled = client.owt::<POST>(code, ()).array_data(&given).array::<f64>().await.unwrap();
    assert_eq!(doubled.shape(), [2, 3]);
    assert_eq!(doubled[[0, 2]], 1.0);
    assert!(doubled[[1, 1]].is_nan());
    let ramp = client.owt::<POST>("f(numpy.arange)", 3).array::<i64>().await.unwrap();
    assert_eq!(ramp.into_dimensionality().unwrap(), Array1::from_vec(vec![0, 1, 2]));
    let error = client.owt::<POST>("f(numpy.eye)", 2).array::<f32>().await.unwrap_err();
    assert!(error.to_string().contains("<f8"), "{error}");

    // A million numbers, waited for.
    let big = Array2::from_shape_fn((1000, 1000), |(y, x)| (y * 1000 + x) as f32);
    let code = "import numpy\ndef run(a: numpy.ndarray): return numpy.asfortranarray(a)";
    let call = client.owt::<POST>(code, ()).array_data(&big);
    let back = tokio::task::spawn_blocking(|| call.blocking().array::<f32>()).await;
    assert_eq!(back.unwrap().unwrap(), big.into_dyn());
}

#[tokio::test]
async fn a_function_by_name_takes_and_gives_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("arrays.py");
    let code = "import numpy\ndef scale(a: numpy.ndarray, by: float = 2.0) -> numpy.ndarray:\n    return a * by\n";
    std::fs::write(&file, code).unwrap();
    let server = Start::new().args([file.to_str().unwrap()]).start();
    let client = client(&server);
    let given = array![1.5_f32, 2.0];
    let wanted = array![4.5_f32, 6.0].into_dyn();
    let scale = || client.function("arrays.scale").named("by", 3.0);
    let placed = scale().named("a", PyBytes(to_npy(&given))).array::<f32>().await;
    assert_eq!(placed.unwrap(), wanted);
    assert_eq!(scale().array_data(&given).array::<f32>().await.unwrap(), wanted);
}
